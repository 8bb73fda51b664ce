/** What the link console knows: the links of now, and the journal number they belong to. */

/** Facts that change what the matrix shows. */
const OURS = /^(link|exchange|alarm|phone|incident|inbox|canary)\b/;

export class LinksStore {
  constructor() {
    /** @type {{cursor: number | null, links: any[]}} */
    this.state = { cursor: null, links: [] };
    this.onLinks = () => {};
    this.onFacts = () => {};
  }

  /** @param {{cursor: number, links: any[]}} picture */
  snapshot(picture) {
    this.state = { cursor: picture.cursor, links: picture.links };
    this.onLinks(this.state.links);
  }

  /** Newer links without a newer cursor: facts up to it are still to come and harmless. */
  replace(links) {
    this.state = { ...this.state, links };
    this.onLinks(links);
  }

  /**
   * @param {{prev: number, to: number, events: {number: number, kind: string}[]}} range
   * @returns {boolean} whether there is a gap before this range
   */
  range(range) {
    const { cursor } = this.state;
    if (cursor === null || range.prev > cursor) {
      return true;
    }
    if (range.to > cursor) {
      const facts = range.events.filter((entry) => entry.number > cursor && OURS.test(entry.kind));
      this.state = { ...this.state, cursor: range.to };
      if (facts.length) {
        this.onFacts(facts);
      }
    }
    return false;
  }
}

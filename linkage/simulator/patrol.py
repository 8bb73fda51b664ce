"""A stand-in for the browser of a police terminal: it enrols by a code, and looks at its case."""

import logging
import re

import httpx

log = logging.getLogger("linkage.simulator")
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class PatrolTerminal:
    """One terminal; its key is in the cookies of its client and nowhere else."""

    def __init__(
        self,
        base_url: str,
        *,
        number: str,
        call_sign: str,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.number, self.call_sign = number, call_sign
        # The case that it was given last.
        self.receipt_no = ""
        self._http = httpx.Client(
            base_url=base_url,
            timeout=10,
            trust_env=False,
            transport=transport,
            headers={"Referer": f"{base_url}/patrol/"},
        )

    def enrol(self, code: str) -> bool:
        """Type the code into the page; False when that must be tried again."""
        try:
            form = _TOKEN.search(self._http.get("/patrol/").text)
            if form is None:
                return True
            said = {"code": code, "csrfmiddlewaretoken": form[1]}
            answer = self._http.post("/patrol/enrol/", data=said)
        except httpx.HTTPError:
            return False
        log.info("terminal %s: HTTP %s", self.number, answer.status_code)
        return answer.status_code == 302

    def look(self) -> bool:
        """Ask for the case as the page does; False when nothing is shared any more."""
        try:
            return self._http.get("/patrol/now/").status_code not in {401, 403}
        except httpx.HTTPError:
            return True

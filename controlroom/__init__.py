"""The room itself: people, municipalities, the journal, the audit chain, and what runs them."""

import gc

# Starting makes a million objects that stay: looking for garbage among them again and again took a
# tenth of every start. What a process makes later is looked through as often as it makes as many.
gc.set_threshold(50_000, 20, 50)

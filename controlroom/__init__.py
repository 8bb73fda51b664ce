"""The room itself: people, municipalities, the journal, the audit chain, and what runs them."""

import gc

# A quarter of a million objects are there once a process has started, and stay. Looking through
# them after every few hundred new ones took a tenth of each start and a quarter of each viewer.
gc.set_threshold(50_000, 20, 50)

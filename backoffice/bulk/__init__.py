"""Work on many rows at once: planned, shown, confirmed, carried out in batches, and told row by row."""

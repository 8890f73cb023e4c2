"""Speed and memory, measured beside stock libraries and the bare database in the same run."""

"""One adapter for each wire protocol; nothing outside this folder imports an SDK."""

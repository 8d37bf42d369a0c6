"""The revisions, oldest first; each is named after its number."""

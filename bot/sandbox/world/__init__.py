"""Who else the demo plays."""

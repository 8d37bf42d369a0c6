"""What a reason means and what to do about it."""

"""Two checkouts, asked the same: a change that is to keep all answers shows that it does."""

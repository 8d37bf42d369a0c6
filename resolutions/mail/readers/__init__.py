"""One module for each way in which a mail says that it was not delivered."""

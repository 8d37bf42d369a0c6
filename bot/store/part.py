"""What every part of the store works with."""

from datetime import datetime

from bot.store.options import Options
from bot.store.sql.database import Database


class Part:
    """One table's questions; `SqlStore` is all parts together."""

    def __init__(self, database: Database, options: Options) -> None:
        self.database = database
        self.options = options

    def now(self) -> datetime:
        """Return the present by this process's clock (leases: `Database.moment`)."""
        return self.database.clock()

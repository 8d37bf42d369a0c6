"""The ticket systems by their word."""

from handlers.ticket import TicketSystem
from handlers.tickets.email import Email
from handlers.tickets.github import GitHub

TICKETS: dict[str, type[TicketSystem]] = {system.name: system for system in (Email, GitHub)}

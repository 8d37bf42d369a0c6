"""The actions by their word."""

from handlers.action import Action
from handlers.actions.cancel import Cancel
from handlers.actions.confirm_subscription import ConfirmSubscription
from handlers.actions.deactivate import Deactivate
from handlers.actions.list_recipients import ListRecipients
from handlers.actions.move import Move
from handlers.actions.open_ticket import OpenTicket
from handlers.actions.reactivate import Reactivate
from handlers.actions.resend import Resend
from handlers.actions.retry import Retry
from handlers.actions.show_addresses import ShowAddresses
from handlers.actions.stop import Stop

ACTIONS: dict[str, type[Action]] = {
    action.name: action
    for action in (
        Resend,
        Deactivate,
        Reactivate,
        OpenTicket,
        ListRecipients,
        ShowAddresses,
        Cancel,
        Move,
        Retry,
        Stop,
        ConfirmSubscription,
    )
}

"""The buttons and the tasks by their word; an action is a button, a task, or both."""

from handlers.actions.cancel import Cancel
from handlers.actions.confirm_subscription import ConfirmSubscription
from handlers.actions.deactivate import Deactivate
from handlers.actions.forward import Forward
from handlers.actions.list_recipients import ListRecipients
from handlers.actions.move import Move
from handlers.actions.open_ticket import OpenTicket
from handlers.actions.reactivate import Reactivate
from handlers.actions.resend import Resend
from handlers.actions.retry import Retry
from handlers.actions.show_addresses import ShowAddresses
from handlers.actions.stop import Stop
from handlers.button import Button
from handlers.slack.labels import Labels
from handlers.task import Task

BUTTONS: dict[str, type[Button]] = {
    button.name: button
    for button in (
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
    )
}
TASKS: dict[str, type[Task]] = {
    task.name: task
    for task in (
        Resend,
        Deactivate,
        Reactivate,
        OpenTicket,
        ListRecipients,
        ConfirmSubscription,
        Forward,
    )
}
LABELS = Labels(
    {name: button.label for name, button in BUTTONS.items()},
    {name: task.called for name, task in TASKS.items()},
)

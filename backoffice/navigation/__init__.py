"""What holds the desk together: the sidebar, the home page, and the badge that says where one is."""

from backoffice.navigation.environment import environment
from backoffice.navigation.home import home
from backoffice.navigation.sidebar import sidebar

__all__ = ["environment", "home", "sidebar"]

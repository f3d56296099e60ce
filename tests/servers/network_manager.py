"""NetworkManager, as python-dbusmock has it, with what sendoff reads beside."""

from tests.servers.message_bus import MessageBus

NAME, PATH = "org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager"
CARD = f"{PATH}/Devices/eth0"
MODEM, MODEM_NAME = "/org/freedesktop/ModemManager1/Modem/0", "org.freedesktop.ModemManager1"
CONNECTED, CONNECTED_SITE, CONNECTED_LOCAL, CONNECTING, DISCONNECTED, ASLEEP = 70, 60, 50, 40, 20, 10
NOBODY_CHECKS, NONE, PORTAL, LIMITED, FULL = range(5)
YES, NO = 1, 2  # metered


class NetworkManager:
    """On a bus: connected by one card, unmetered, until told otherwise."""

    def __init__(self, bus: MessageBus) -> None:
        self.bus = bus
        self.open()

    def open(self):
        """It is there when this returns."""
        self.bus.serve(NAME, "--template", "networkmanager")
        self.bus.mock(NAME, PATH, "AddProperties", "sa{sv}", NAME, {"Metered": ("u", 4), "PrimaryConnection": ("o", "/")})
        self.bus.mock(NAME, PATH, "AddEthernetDevice", "ssi", "eth0", "eth0", 100)

    def close(self):
        """It is gone."""
        self.bus.end(NAME)

    def become(self, **numbers):
        """``become(State=20, Connectivity=1)``: its properties that are numbers."""
        self.bus.update(NAME, PATH, NAME, **{name: ("u", number) for name, number in numbers.items()})

    def leave_card(self):
        """Its card is left to somebody else."""
        self.bus.update(NAME, CARD, f"{NAME}.Device", State=("u", 10))

    def connect(self, id, kind="802-3-ethernet"):
        """A connection leads out, with a name that people gave it."""
        path = f"{PATH}/ActiveConnection/0"
        properties = {"Id": ("s", id), "Type": ("s", kind), "Devices": ("ao", [CARD])}
        self.bus.mock(NAME, PATH, "AddObject", "ssa{sv}a(ssss)", path, f"{NAME}.Connection.Active", properties, [])
        self.bus.mock(NAME, PATH, "SetProperty", "sssv", PATH, NAME, "PrimaryConnection", ("o", path))

    def dial(self, registration):
        """It leads out through a modem. registration: what ModemManager says of it."""
        self.bus.serve(MODEM_NAME, MODEM_NAME, MODEM, f"{MODEM_NAME}.Modem.Modem3gpp")
        self.bus.mock(MODEM_NAME, MODEM, "AddProperties", "sa{sv}", f"{MODEM_NAME}.Modem.Modem3gpp", {"RegistrationState": ("u", registration)})
        self.bus.mock(NAME, CARD, "AddProperties", "sa{sv}", f"{NAME}.Device", {"Udi": ("s", MODEM)})
        self.connect("mobile", "gsm")

    @property
    def asked_to_check(self):
        """How often it was asked to look for a portal."""
        return len(self.bus.mock(NAME, PATH, "GetMethodCalls", "s", "CheckConnectivity")[0])

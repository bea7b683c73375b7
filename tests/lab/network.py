"""The addresses of a lab. They are the same in every lab, since each has a network namespace of its own."""

from lab.errors import run

NODE = "node-1"
NODE_ADDRESS = "10.250.0.1"
POD_RANGE = "10.244.0.0/24"
SERVICE_RANGE = "10.96.0.0/16"
SERVICE_ADDRESS = "10.96.0.1"  # of the API server, as pods find it
DNS_ADDRESS = "10.96.0.10"
API_PORT = 6443
KUBELET_PORT = 10250

# A bridge, since the kubelet refuses a loopback address and some kernels have no `dummy` device. The default
# route lets service addresses leave a process, for kube-proxy's rules to turn them to pods.
_DEVICES = f"""
link set lo up
link add node0 type bridge
address add {NODE_ADDRESS}/24 dev node0
link set node0 up
route add default dev node0 src {NODE_ADDRESS}
"""


def make_network() -> None:
    """Make the lab's network in the network namespace of this process. Raises LabError when `ip` fails."""
    run(["ip", "-batch", "-"], stdin=_DEVICES)
    run(["sysctl", "-qw", "net.ipv4.ip_forward=1"])

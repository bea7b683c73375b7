"""The gym: settings of probes are judged by what they would cost users, on recordings and on a simulated fleet."""

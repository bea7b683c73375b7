"""How much is remembered at most, so that no workload can make a history grow without end."""

LIVES = 48
EARLY_LIVES = 16
RUNS = 48
UNREADY_SPELLS = 64
MINUTES = 60
TEMPLATES = 4
CONTAINERS = 128
UNCOUNTED = 6
TASK_SERIES, TASK_SAMPLES = 6, 24
DISTURBANCES = 24
ERROR_CHARACTERS = 300

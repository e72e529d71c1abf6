"""Print what to look at in a folder of tiles: python examples/screen_folder.py URL FOLDER.

One line for each PNG with the verdict review or drop: a screen for people, never a diagnosis.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the repository's root, where client/ is

from client import Client, ClientError, FailedTile

try:
    url, folder = sys.argv[1:]
except ValueError:
    sys.exit(__doc__)

try:
    with Client(url) as client:
        for found in client.screen_many(sorted(Path(folder).glob("*.png")), k=0):
            if isinstance(found, FailedTile):
                print(f"{found.id}: {found.problem.detail}")
            elif found.verdict != "keep":
                reasons = ", ".join(f"{one.code} {one.score:.2f}" for one in found.reasons)
                print(f"{found.id}: {found.verdict}, {reasons}")
except ClientError as error:
    sys.exit(str(error))

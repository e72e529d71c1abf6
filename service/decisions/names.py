"""What people call clusters: the last name given to the tile in a cluster's middle.

So a name carries over to another bundle where the same tile, by content, is a cluster's medoid.
"""

from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from bundle import Bundle
from bundle.content import Contents
from service.decisions.ledger import Ledger
from service.decisions.tables import cluster_names
from service.errors import NameChanged


class ClusterNames:
    """The names of a bundle's clusters, brought up to date from the ledger."""

    def __init__(self, bundle: Bundle, contents: Contents, ledger: Ledger) -> None:
        """Know none before the first `refresh`."""
        self._bundle = bundle
        self._contents = contents
        self._ledger = ledger
        self._by_content: dict[str, tuple[int, str | None]] = {}  # its event's number, the name
        self._seq = 0

    async def refresh(self) -> None:
        """Take in what others named meanwhile.

        Raises:
            LedgerDown: the database cannot be used.
        """
        await self._ledger.read(self._catch_up)

    async def name(
        self, reviewer: str, label: int, name: str | None, *, expected: str | None = None
    ) -> None:
        """Name a cluster; None takes its name away.

        Args:
            reviewer: who names it.
            label: of a cluster that has tiles.
            name: what it is to be called.
            expected: the `tag` that the caller knows of, None where any will do.

        Raises:
            NameChanged: the tag is another by now.
            LedgerDown: the database cannot be used.
        """
        event = {
            "at": datetime.now(UTC),
            "reviewer": reviewer,
            "bundle": self._bundle.manifest.bundle_id,
            "content": self._content(label),
            "name": name,
        }

        def work(connection: Connection) -> None:
            self._catch_up(connection)
            if expected not in (None, self.tag(label)):
                raise NameChanged(label)
            connection.execute(insert(cluster_names), [event])

        await self._ledger.write(work, then=self._catch_up)

    def of(self, label: int) -> str | None:
        """Return what a cluster is called, None where nobody has named it."""
        return self._last(label)[1]

    def tag(self, label: int) -> str:
        """Return what changes when a cluster is named, and with the bundle: an ETag."""
        return f'"{self._bundle.manifest.bundle_id}-{self._last(label)[0]}"'

    def _last(self, label: int) -> tuple[int, str | None]:
        """Return the number of a cluster's last event and its name; 0 where it never had one."""
        if label < 0 or not self._by_content or self._bundle.medoid(label) is None:
            return 0, None
        return self._by_content.get(self._content(label), (0, None))

    def _content(self, label: int) -> str:
        row = self._bundle.medoid(label)
        assert row is not None, "the routes name only clusters that have tiles"
        return self._contents.of(row).hex()

    def _catch_up(self, connection: Connection) -> None:
        wanted = (
            select(cluster_names.c.seq, cluster_names.c.content, cluster_names.c.name)
            .where(cluster_names.c.seq > self._seq)
            .order_by(cluster_names.c.seq)
        )
        for seq, content, name in connection.execute(wanted):
            self._by_content[content] = (seq, name)
            self._seq = seq

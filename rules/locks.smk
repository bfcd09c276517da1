# Runs side by side in one folder. When one ends, Snakemake 9.27 removes the locks of all: another
# that starts or ends at that moment falls over the missing folder, and one that still works has
# lost its protection. Here each run writes and removes locks of its own; `--unlock` removes all.
import uuid

import snakemake.workflow
from snakemake.persistence.file import FilePersistence


class OwnLocks(FilePersistence):
    def _write_locks(self, lock_type, keys):
        path = Path(self._lockdir, f"{uuid.uuid4().int}.{lock_type}.lock")
        path.write_text("".join(f"{key}\n" for key in keys))
        self._lockfile[lock_type] = path

    def _read_locks(self):
        for path in Path(self._lockdir).glob("*.lock"):
            try:
                keys = path.read_text().splitlines()
            except FileNotFoundError:  # its run has just ended
                continue
            lock_type = path.name.split(".")[1]
            yield from ((lock_type, key) for key in keys)

    def _delete_locks(self):
        for path in self._lockfile.values():
            path.unlink(missing_ok=True)
        self._lockfile.clear()

    def cleanup_locks(self):
        for path in Path(self._lockdir).glob("*.lock"):
            path.unlink(missing_ok=True)


snakemake.workflow.FilePersistence = OwnLocks

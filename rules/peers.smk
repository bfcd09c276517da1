# Peers: other methods on the same work (rules/peer_runs.smk).
PEERS = {
    key: entry for key, entry in NOTES["peers"]["peers"].items() if entry is not None
}
# Our own models beside them, of which the reference says how long the peers learn.
OURS = variants_in("peers")
PEERS_CLOCK = next(
    (name for name, it in OURS.items() if it.key == NOTES["peers"]["reference"]), None
)
ENVIRONMENTS = ".peers"  # in the working directory: all runs share them
# A peer and a model of ours have one core each.
ONE_THREAD = " ".join(
    f"{name}=1"
    for name in (
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    )
)


def peer_environment(wildcards):
    """What says that a peer's packages are there; nothing for those of the workflow itself."""
    name = PEERS[wildcards.peer]["environment"]
    return [] if name == OWN_ENVIRONMENT else f"{ENVIRONMENTS}/{name}.ready"


def peer_python(wildcards):
    """The Python that a peer runs in."""
    name = PEERS[wildcards.peer]["environment"]
    return (
        sys.executable
        if name == OWN_ENVIRONMENT
        else f"{ENVIRONMENTS}/{name}/bin/python"
    )


def of_peers_clock(files):
    """Files of the training that says how long the peers learn."""

    def found(wildcards):
        require_fit("peers")
        return files(SimpleNamespace(model=PEERS_CLOCK))

    return found

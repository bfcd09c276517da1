#!/usr/bin/env bash
# A real SLURM cluster of one node on this machine, with GPUs that are none, for the tests.
#
#   cluster.sh up FOLDER     install what is missing (Debian packages), start it, try one job
#   cluster.sh down FOLDER   cancel its jobs and stop what `up` started, by process id
#
# State, logs, keys and process ids lie in FOLDER; only slurm.conf and gres.conf lie in /etc/slurm,
# since Snakemake starts its job steps without SLURM_CONF. Exit code 77: it cannot be had here, and
# why stands on standard error.
set -euo pipefail

PATH=$PATH:/usr/sbin
MARK="# written by SynthWire's tests/slurm/cluster.sh"
GPUS=4
NODE=$(hostname -s)
DAEMONS=(slurmd slurmctld munged) # in the order in which they stop

unavailable() {
  echo "no SLURM for the tests: $1" >&2
  exit 77
}

# A process that has ended but that nobody has waited for yet counts as ended.
alive() { [ -r "/proc/$1/stat" ] && ! grep -q ') Z ' "/proc/$1/stat"; }

wait_until() { # seconds, command…
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.2
  done
}

install_packages() {
  hash slurmctld slurmd sbatch munged 2>/dev/null && return
  command -v apt-get >/dev/null || unavailable "slurmctld, slurmd and munge are not installed, and there is no apt-get to install them with"
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update && apt-get install -y --no-install-recommends munge slurmctld slurmd slurm-client; } \
    >"$FOLDER/log/apt.log" 2>&1 \
    || unavailable "apt-get could not install munge, slurmctld, slurmd and slurm-client: $(tail -n 1 "$FOLDER/log/apt.log")"
}

write_configuration() {
  # GPUs are counted and CUDA_VISIBLE_DEVICES is set only where gres.conf names character devices;
  # 1,3 are the numbers of /dev/null. Their kind serves to try the profile's `gpu_model`.
  local gpu
  for ((gpu = 0; gpu < GPUS; gpu++)); do
    mknod "$FOLDER/dev/nvidia$gpu" c 1 3 2>/dev/null || unavailable "device files cannot be made here (mknod)"
  done
  mkdir -p /etc/slurm
  cat >/etc/slurm/gres.conf <<END
$MARK
AutoDetect=off
Name=gpu Type=a100 File=$FOLDER/dev/nvidia[0-$((GPUS - 1))]
END
  # No cgroups, no accounting: a container has neither. The node says that it has more processors
  # and memory than this machine, so that jobs may ask for what they ask for on a real one.
  cat >/etc/slurm/slurm.conf <<END
$MARK
ClusterName=synthwire-test
SlurmctldHost=$NODE(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$FOLDER/munge.socket
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort=16817
SlurmdPort=16818
SlurmctldPidFile=$FOLDER/slurmctld.pid
SlurmdPidFile=$FOLDER/slurmd.pid
StateSaveLocation=$FOLDER/state
SlurmdSpoolDir=$FOLDER/spool
SlurmctldLogFile=$FOLDER/log/slurmctld.log
SlurmdLogFile=$FOLDER/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
GresTypes=gpu
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=2,sched_min_interval=100000,batch_sched_delay=0
# squeue, which Snakemake asks, forgets an ended job after so many seconds
MinJobAge=3600
# seconds between SIGTERM and SIGKILL; SLURM's own default
KillWait=30
ReturnToService=2
NodeName=$NODE NodeAddr=127.0.0.1 CPUs=64 RealMemory=256000 Gres=gpu:a100:$GPUS State=UNKNOWN
PartitionName=test Nodes=$NODE Default=YES MaxTime=1-00:00:00 DefMemPerCPU=100 State=UP
END
}

start_munge() {
  # A key and a socket of its own: a munge that this machine has is left alone.
  dd if=/dev/urandom of="$FOLDER/munge.key" bs=128 count=1 status=none
  chmod 600 "$FOLDER/munge.key"
  munged --force --key-file="$FOLDER/munge.key" --socket="$FOLDER/munge.socket" \
    --pid-file="$FOLDER/munged.pid" --log-file="$FOLDER/log/munged.log" --seed-file="$FOLDER/munge.seed"
}

node_is_idle() { [ "$(timeout 3 sinfo --noheader --format %T 2>/dev/null)" = idle ]; }

up() {
  [ "$(id -u)" = 0 ] || unavailable "starting munge, slurmctld and slurmd takes root"
  [ ! -e /etc/slurm/slurm.conf ] || grep -qxF "$MARK" /etc/slurm/slurm.conf \
    || unavailable "/etc/slurm/slurm.conf belongs to a SLURM of this machine's own, which is left alone"
  getent hosts "$NODE" >/dev/null || unavailable "this machine's name, $NODE, does not resolve; it belongs in /etc/hosts"
  mkdir -p "$FOLDER"/{dev,log,state,spool}
  chmod 755 "$FOLDER"
  install_packages
  write_configuration
  start_munge
  slurmctld -c -i
  # Jobs inherit the niceness: the tests' machine may have more to do.
  nice -n "${SLURM_TEST_NICE:-0}" slurmd -N "$NODE"
  if ! wait_until 30 node_is_idle; then
    tail -n 20 "$FOLDER"/log/slurm*.log >&2
    down
    exit 1
  fi
  srun --gpus=1 --ntasks=1 --mem=50 --time=1 sh -c 'test -n "$CUDA_VISIBLE_DEVICES"'
}

queue_is_empty() { [ -z "$(timeout 3 squeue --noheader 2>/dev/null)" ]; }

down() {
  grep -qxF "$MARK" /etc/slurm/slurm.conf 2>/dev/null || return 0
  # Jobs first: they outlive slurmd.
  if [ -s "$FOLDER/slurmctld.pid" ]; then
    timeout 10 scancel --signal=KILL --full --user=root || true
    timeout 10 scancel --user=root || true
    wait_until 15 queue_is_empty || true
  fi
  local name pid
  for name in "${DAEMONS[@]}"; do
    [ -s "$FOLDER/$name.pid" ] || continue
    pid=$(<"$FOLDER/$name.pid")
    if alive "$pid" && [ "$(<"/proc/$pid/comm")" = "$name" ]; then
      kill -TERM "$pid"
      wait_until 10 eval "! alive $pid" || kill -KILL "$pid"
    fi
    rm -f "$FOLDER/$name.pid"
  done
  rm -f /etc/slurm/slurm.conf /etc/slurm/gres.conf
}

[ $# = 2 ] || { echo "usage: $0 up|down FOLDER" >&2; exit 2; }
FOLDER=$(realpath -m "$2")
case $1 in
  up) up ;;
  down) down ;;
  *) echo "usage: $0 up|down FOLDER" >&2; exit 2 ;;
esac

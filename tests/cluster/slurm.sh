#!/usr/bin/env bash
# Shows the workflow on a real SLURM: one machine that is controller and node at once, reached over
# the loopback device. Starts it, runs a small grid on it, kills one of its jobs, and ends with every
# run complete.
#
#   sudo apt-get install slurm-wlm          # Debian's SLURM, with munge
#   sudo tests/cluster/slurm.sh [FOLDER]    # as root: it starts munged, slurmctld and slurmd
#
# PYTHON names the Python in which Pluralign is installed; by default that of .venv. Everything is
# in FOLDER (a new temporary one by default) but a link to its slurm.conf at the place where SLURM's
# commands look inside a job, /etc/slurm; a machine that has one there is left alone. What it
# started it stops. Needs a few minutes.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-$here/../../.venv/bin/python}
folder=${1:-$(mktemp -d)}
mkdir -p "$folder"/{state,spool,log,munge}
name=$(hostname -s)

for program in slurmctld slurmd munged sbatch; do
    command -v "$program" >/dev/null || PATH=$PATH:/usr/sbin
    command -v "$program" >/dev/null || { echo "$program is missing: apt-get install slurm-wlm" >&2; exit 2; }
done

conf=/etc/slurm/slurm.conf
[ ! -e "$conf" ] || { echo "$conf is there: this machine has a SLURM of its own" >&2; exit 2; }

started=()
stop() {
    rm -f "$conf"
    for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
    wait 2>/dev/null || true
}
trap stop EXIT

# munge signs every message; its key, socket and log are our own.
chmod 700 "$folder/munge"
dd if=/dev/urandom of="$folder/munge/key" bs=1024 count=1 status=none
chmod 400 "$folder/munge/key"
munged --foreground --force --key-file="$folder/munge/key" --socket="$folder/munge/socket" \
    --pid-file="$folder/munge/pid" --log-file="$folder/munge/log" --seed-file="$folder/munge/seed" \
    2>"$folder/log/munged.log" &
started+=($!)

cat >"$folder/slurm.conf" <<CONF
ClusterName=loopback
SlurmctldHost=$name(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
CryptoType=crypto/munge
SlurmUser=root
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
MinJobAge=600
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
NodeName=$name NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=4000 State=UNKNOWN
PartitionName=all Nodes=$name Default=YES MaxTime=INFINITE State=UP
CONF
mkdir -p "${conf%/*}"
ln -s "$folder/slurm.conf" "$conf"

sleep 1
slurmctld -D -i 2>/dev/null & started+=($!)
slurmd -D -N "$name" 2>/dev/null & started+=($!)
for _ in $(seq 60); do sinfo -h -o %t 2>/dev/null | grep -q idle && break; sleep 1; done
sinfo

# A small grid on a tiny model, and the shipped profile with less memory and no GPU.
"$python" "$here/prepare.py" "$folder"
"$python" -m pluralign_stats reproduce "$folder/small.yaml" --out "$folder/out" --jobs 2 \
    --profile "$folder/profile" &
run=$!; started+=($!)

# Kill a job in the middle of a training; Snakemake sends it again.
training() {
    compgen -G "$folder/out/runs/*.partial/checkpoints-*" >/dev/null &&
        job=$(squeue -h -t R -o "%i %k" | awk '/train/ {print $1; exit}') && [ -n "$job" ]
}
until training; do
    kill -0 "$run" 2>/dev/null || { echo "no training job was seen" >&2; exit 1; }
    sleep 0.2
done
echo "killing job $job"
scancel --signal=KILL --full "$job"

wait "$run"
log=$folder/out/.steps/snakemake.log
grep -q "SLURM-job '$job' failed" "$log" && grep -q "Trying to restart" "$log" ||
    { echo "job $job was not killed and sent again" >&2; exit 1; }
"$python" "$here/prepare.py" "$folder" --check

#!/usr/bin/env bash
# Unmodified clients against three members on loopback: redis-cli, redis-benchmark, redis-py.
#
#     tests/redis/clients.sh [PROGRAM]
#
# PROGRAM is a `copycat-redis`; without it the release build is made and used. Needs redis-cli and redis-benchmark
# (Debian: redis-tools) and python3 with venv; redis-py is installed into a folder that is gone afterwards. Ends
# with the first thing that is not as it should be.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if (($#)); then
    program="$1"
else
    cargo build --release --locked -p copycat-examples --bin copycat-redis
    program="${CARGO_TARGET_DIR:-target}/release/copycat-redis"
fi

home=$(mktemp -d)
pids=()

# Whatever happens, no process and no file is left.
clean_up() {
    local status=$?
    for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
    if ((status)); then
        printf 'FAILED; what the members said:\n'
        cat "$home"/said-* 2>/dev/null || true
    fi
    rm -rf "$home"
}
trap clean_up EXIT

# Ports below those that the system hands out by itself: nobody else is likely to take them.
mapfile -t ports < <(python3 - <<'PYTHON'
import random, socket
held = []
while len(held) < 6:
    candidate = socket.socket()
    try:
        candidate.bind(("127.0.0.1", random.randrange(20_000, 32_000)))
        held.append(candidate)
    except OSError:
        candidate.close()
print(*(candidate.getsockname()[1] for candidate in held), sep="\n")
PYTHON
)

for id in 1 2 3; do
    "$program" --id "$id" \
        --member "1=127.0.0.1:${ports[0]}" --member "2=127.0.0.1:${ports[1]}" --member "3=127.0.0.1:${ports[2]}" \
        --data "$home/data-$id" --listen "127.0.0.1:${ports[id + 2]}" 2>"$home/said-$id" &
    pids+=($!)
done

# cli MEMBER WORD...: what redis-cli prints.
cli() {
    local member="$1"
    shift
    timeout 30 redis-cli -h 127.0.0.1 -p "${ports[member + 2]}" "$@"
}

# expect WANTED MEMBER WORD...: that it prints just this.
expect() {
    local wanted="$1" found
    shift
    found=$(cli "$@")
    if [[ "$found" != "$wanted" ]]; then
        printf '%s: wanted %q, found %q\n' "${*:2}" "$wanted" "$found"
        return 1
    fi
}

printf '== redis-cli\n'
expect PONG 1 PING
expect OK 1 SET greeting hello
expect hello 2 GET greeting
expect 1 3 INCR counter
expect 2 1 INCR counter
expect "" 1 GET nothing
expect $'hello\n2' 1 -3 MGET greeting counter
expect "ERR wrong number of arguments for 'get' command" 1 GET
expect 1 2 COPYCAT.CAS greeting hello bye
printf 'SET piped %d\r\n' {1..2000} | cli 1 --pipe | grep 'errors: 0, replies: 2000'
expect 2000 2 GET piped
cli 1 COPYCAT.STATUS | python3 -c 'import json, sys; print(json.load(sys.stdin))'
cli 2 INFO replication

leader=$(cli 1 INFO replication | tr -d '\r' | sed -n 's/^copycat_leader://p')
printf '== redis-benchmark against member %s, the leader\n' "$leader"
for depth in 1 16; do
    # It exits with 0 whatever the answers are: an error is a line.
    timeout 60 redis-benchmark -h 127.0.0.1 -p "${ports[leader + 2]}" \
        -t set,get -c 64 -d 256 -n 20000 -P "$depth" --csv | tee "$home/figures"
    if grep -i err "$home/figures"; then exit 1; fi
    [[ $(grep -cE '^"(SET|GET)"' "$home/figures") == 2 ]]
done

printf '== redis-py\n'
python3 -m venv "$home/venv"
"$home/venv/bin/pip" install --quiet --disable-pip-version-check 'redis>=5,<9'
timeout 60 "$home/venv/bin/python" tests/redis/clients.py "${ports[@]:3:3}"

printf '== an orderly end\n'
for pid in "${pids[@]}"; do kill -TERM "$pid"; done
for pid in "${pids[@]}"; do wait "$pid"; done
pids=()
printf 'the clients are content\n'

# keeper.bash - ends a server of rc-postgres with its caller, also where that is killed; sourced
#
# Needs $folder, the server's, which goes with it. $life is a pipe for the keeper: the server's process id is written to it, then
# the command's, and "over" when the command has ended. $child is the command, which a signal ends.

# Only this process writes the pipe. At its end, however that comes about, the keeper ends the command's group if that is not
# over, stops the server (INT: at once, without waiting for clients) and removes the folder.
exec {life}> >(
  trap '' TERM INT HUP
  if read -r server; then
    read -r group || group=
    read -r over || over=
    [[ $over || ! $group ]] || kill -TERM -- "-$group" 2>/dev/null || true
    kill -INT "$server" 2>/dev/null || true
    # A server that ended removes this file; it may stay as a zombie where no one reaps it.
    tries=0
    while [[ -e $folder/data/postmaster.pid ]] && kill -0 "$server" 2>/dev/null; do
      sleep 0.02
      # One that is told so in the middle of a recovery may never end (seen with 17); QUIT ends it, for its data goes anyway.
      ((++tries != 500)) || kill -QUIT "$server" 2>/dev/null || true
    done
  fi
  rm -rf -- "$folder"
)
keeper=$!
child=
stop() {
  local code=$1
  trap - EXIT TERM INT HUP
  [[ ! $child ]] || kill -TERM -- "-$child" 2>/dev/null || true
  exec {life}>&-
  wait "$keeper"
  exit "$code"
}
trap 'stop $?' EXIT
trap 'stop 143' TERM
trap 'stop 130' INT
trap 'stop 129' HUP

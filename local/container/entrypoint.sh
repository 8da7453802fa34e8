#!/bin/sh
# Runs a command as the user whose folder is mounted, so that what it writes there is theirs, too.
# It is started as root, with the capabilities SETUID, SETGID and CHOWN alone, and gives up all.
#
#   SLUICE_OWNER_OF  the folders whose owner that is: of the first one that is not root's. Where all
#                    are, or none is there, it is 1000:1000, the image's user node
#   SLUICE_WRITES    the folders it writes, which Docker makes as root's where they were missing
set -eu

# As `sluice` on the PATH it runs the command line.
case $0 in */sluice) set -- node /app/sluice.mjs "$@" ;; esac
# The user has no home, and the root folder may be read-only.
export HOME=/tmp

# Started as somebody else, it is as somebody chose.
[ "$(id -u)" = 0 ] || exec "$@"
# Where Docker is run by a user, that user is root in here, and nobody's root outside.
read -r _ outside _ </proc/self/uid_map
[ "$outside" = 0 ] || exec "$@"

owner=1000:1000
for folder in ${SLUICE_OWNER_OF:-/data/bronze /data/streaming /data/silver /data/.sluice}; do
  found=$(stat -Lc %u:%g "$folder" 2>/dev/null) || continue
  # Docker makes what is missing as root's: then another one tells.
  [ "${found%:*}" = 0 ] || { owner=$found && break; }
done

for folder in ${SLUICE_WRITES-}; do
  # What is missing inside of a folder of root's, its user could not make.
  [ -d "$folder" ] || mkdir "$folder" 2>/dev/null || continue
  # What cannot be given (some file systems have no owners) may be writable all the same.
  case $folder in
    # A Postgres may live in here, whose files stay its own.
    */.sluice)
      find "$folder" -depth -maxdepth 1 -user 0 \
        \( -path "$folder" -o -name '*lock*' -o -name tmp \) -exec chown -h "$owner" {} + || true
      ;;
    # The folder comes last: one that is cut off begins anew.
    *)
      [ "$(stat -c %u "$folder")" != 0 ] || chown -Rh --from=0 "$owner" "$folder" || true
      ;;
  esac
done

exec setpriv --reuid "${owner%:*}" --regid "${owner#*:}" --clear-groups --no-new-privs \
  --bounding-set=-all --inh-caps=-all -- "$@"

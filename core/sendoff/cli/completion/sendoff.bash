# bash completion for sendoff, of bash 4 and later: sendoff completion says where it goes.

_sendoff() {
    local line=${COMP_LINE:0:COMP_POINT} head='' kind i
    local -a words=() reply=()
    # bash takes words apart at :, = and @; what no blank parts belongs together
    for ((i = 0; i <= COMP_CWORD; i++)); do
        if [[ $line == [[:blank:]]* ]]; then
            words+=("$head")
            head='' line=${line#"${line%%[![:blank:]]*}"}
        fi
        if ((i < COMP_CWORD)); then
            head+=${COMP_WORDS[i]} line=${line#"${COMP_WORDS[i]}"}
        fi
    done
    while [[ $line == [:=@]* ]]; do # nothing of what comes after it is there yet
        head+=${line:0:1} line=${line:1}
    done
    if [[ $head == *@ ]]; then # it writes that sign anew
        head=${head%@} line=@$line
    fi
    local program=${words[0]/#'~/'/"$HOME/"}
    mapfile -t reply < <("$program" completion --line bash -- "${words[@]:1}" "$head" "$line" 2>/dev/null)
    kind=${reply[0]-}
    COMPREPLY=("${reply[@]:1}")
    case $kind in
        files) compopt -o default ;;
        folders) compopt -o dirnames ;;
    esac
    if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *[:=/] ]]; then
        compopt -o nospace
    fi
}

complete -F _sendoff sendoff

#compdef sendoff
# zsh completion for sendoff: sendoff completion says where it goes.

_sendoff() {
    local program=${${(Q)words[1]}/#\~\//$HOME/} line value
    local -a before=() reply=() open=() closed=()
    ((CURRENT > 2)) && before=("${(@Q)words[2,CURRENT-1]}")
    reply=("${(@f)$("$program" completion --line zsh -- "${before[@]}" "${(Q)PREFIX}" 2>/dev/null)}")
    for line in "${(@)reply[2,-1]}"; do
        value=${line%%$'\t'*}
        line="${${value//\\/\\\\}//:/\\:}${${line#"$value"}/$'\t'/:}"
        case $value in
            *[:=/]) open+=("$line") ;;
            ?*) closed+=("$line") ;;
        esac
    done
    (($#closed)) && _describe -o -t words word closed
    (($#open)) && _describe -o -t words word open -S ''
    case ${reply[1]} in
        files)
            [[ $PREFIX == --*=* ]] && compset -P 1 '*='
            _files
            ;;
        folders)
            [[ $PREFIX == --*=* ]] && compset -P 1 '*='
            _files -/
            ;;
    esac
}

if [[ ${funcstack[1]} == _sendoff ]]; then # it lies in a folder of $fpath
    _sendoff "$@"
else
    (($+functions[compdef])) || { autoload -Uz compinit && compinit -i }
    compdef _sendoff sendoff
fi

# fish completion for sendoff: sendoff completion says where it goes.

function __sendoff_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l plain (string unescape -- $current; or string replace -r '^["\']' '' -- $current)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    set -l reply ($program completion --line fish -- $words[2..-1] "$plain" 2>/dev/null)
    for line in $reply[2..-1]
        echo -- "$line"
    end
    set -l path (string replace -r '^--[^=]*=' '' -- "$plain")
    set -l option (string sub -l (math (string length -- "$plain") - (string length -- "$path")) -- "$plain")
    switch "$reply[1]"
        case files
            for line in (__fish_complete_path "$path")
                echo -- "$option$line"
            end
        case folders
            for line in (__fish_complete_directories "$path" '')
                echo -- "$option$line"
            end
    end
end

complete -c sendoff -f -a '(__sendoff_complete)'

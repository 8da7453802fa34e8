import { Argument, Command } from 'commander'

/**
 * `sluice completion bash`: a script that asks `sluice complete` (complete.ts) what may stand where
 * the cursor is. It answers a line for each word, with what it means behind a tab; `:files` and
 * `:folders` leave it to the shell, which knows how to complete them.
 */
export function completionCommand(): Command {
  return new Command('completion')
    .description(
      'Print a script that completes commands, options, datasets and packages of the lake, and\n' +
        'files, when the tab key is pressed.',
    )
    .addArgument(new Argument('<shell>', 'which shell it is for').choices(Object.keys(scripts)))
    .addHelpText('after', help)
    .action((shell: keyof typeof scripts) => {
      process.stdout.write(scripts[shell])
    })
}

const help = `
Put it where the shell looks for such scripts, and open a new one:
  bash  ~/.local/share/bash-completion/completions/sluice
  zsh   a folder of $fpath, as _sluice
  fish  ~/.config/fish/completions/sluice.fish

Examples:
  source <(sluice completion bash)
  sluice completion bash > ~/.local/share/bash-completion/completions/sluice
  sluice completion fish > ~/.config/fish/completions/sluice.fish`

// Bash takes = and : for words of their own; that of macOS, 3.2, knows neither mapfile nor compopt.
const bash = `# Completes the command sluice in bash.
_sluice() {
  local current=\${COMP_WORDS[COMP_CWORD]} line found
  [ "$current" = = ] && current=
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files | :folders)
        compopt -o filenames 2>/dev/null
        local kind=-f
        [ "$line" = :folders ] && kind=-d
        while IFS= read -r found; do COMPREPLY+=("$found"); done < <(compgen $kind -- "$current")
        ;;
      *)
        found=\${line%%$'\\t'*}
        case $found in "$current"*) COMPREPLY+=("$(printf %q "$found")") ;; esac
        ;;
    esac
  done < <("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _sluice sluice
`

const zsh = `#compdef sluice
# Completes the command sluice in zsh.
_sluice() {
  local line word
  local -a found
  while IFS= read -r line; do
    case $line in
      :files) _files ;;
      :folders) _files -/ ;;
      *)
        word=\${line%%$'\\t'*}
        [[ $line = *$'\\t' ]] || word="\${word//:/\\\\:}:\${line#*$'\\t'}"
        found+=("$word")
        ;;
    esac
  done < <("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( $#found )) && _describe -V sluice found
}
if [ "$funcstack[1]" = _sluice ]; then _sluice "$@"; else compdef _sluice sluice; fi
`

const fish = `# Completes the command sluice in fish.
function __sluice_complete
  set -l before (commandline -opc)
  set -l current (commandline -ct)
  for line in ($before[1] complete -- $before[2..-1] "$current" 2>/dev/null)
    switch $line
      case :files
        __fish_complete_path "$current"
      case :folders
        __fish_complete_directories "$current"
      case '*'
        echo $line
    end
  end
end
complete -c sluice -f -a '(__sluice_complete)'
`

const scripts = { bash, zsh, fish }

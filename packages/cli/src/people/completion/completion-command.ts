// `ottla completion`: the script that a shell reads once. It asks `ottla __complete` for what a word may become.

import { CommandError } from "../../command-error.ts";
import type { CommandBody } from "../../command-definition.ts";

export const completionCommand: CommandBody = {
  arguments: [{ flags: "<shell>", summary: "the shell", choices: ["bash", "zsh", "fish"] }],
  details:
    "Names of topics, groups and transactions are asked of the cluster that the command line means, for a second at most.",
  examples: [
    "ottla completion bash >> ~/.bashrc",
    "ottla completion zsh > ~/.zsh/completions/_ottla",
    "ottla completion fish > ~/.config/fish/completions/ottla.fish",
  ],
  run: ({ words, io }) => {
    const script = scripts[words[0]!];
    if (script === undefined) throw new CommandError(`there is no script for ${words[0]}`);
    io.write(script);
    return Promise.resolve();
  },
};

// Words are taken from the line itself, because bash splits them at colons and signs too; what it has split off is taken off the names again.
const bash = `# Completion of ottla for bash.
_ottla() {
  local line="\${COMP_LINE:0:COMP_POINT}" name summary quoted split=""
  local -a words
  read -ra words <<<"$line"
  [[ "$line" == *[[:space:]] ]] && words+=("")
  local current="\${words[\${#words[@]}-1]}"
  [[ "$current" == *[:=]* ]] && split="\${current%"\${current##*[:=]}"}"
  COMPREPLY=()
  while IFS=$'\\t' read -r name summary; do
    if [[ "$name" == ":files" ]]; then
      compopt -o default 2>/dev/null
      return
    fi
    printf -v quoted "%q" "\${name#"$split"}"
    COMPREPLY+=("$quoted")
  done < <("\${words[0]}" __complete "\${words[@]:1}" 2>/dev/null)
}
complete -F _ottla ottla
`;

const zsh = `#compdef ottla
# Completion of ottla for zsh.
_ottla() {
  local name summary
  local -a names
  while IFS=$'\\t' read -r name summary; do
    if [[ "$name" == ":files" ]]; then
      _files
      return
    fi
    names+=("\${name//:/\\\\:}\${summary:+:$summary}")
  done < <("\${words[1]}" __complete "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  _describe ottla names
}
if [[ "$funcstack[1]" == "_ottla" ]]; then
  _ottla "$@"
else
  compdef _ottla ottla
fi
`;

const fish = `# Completion of ottla for fish.
function __ottla_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -a words "$current"
    for line in ($words[1] __complete $words[2..-1] 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path "$current"
            return
        end
        echo $line
    end
end
complete -c ottla -f -a "(__ottla_complete)"
`;

const scripts: Readonly<Record<string, string>> = { bash, zsh, fish };

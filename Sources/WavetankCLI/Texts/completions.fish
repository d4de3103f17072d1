# Completions of wavetank for fish.
complete -c wavetank -f
function __wavetank_has_command
  set -l words (commandline -opc)
  test (count $words) -gt 1; and contains -- $words[2] @COMMANDS@
end
function __wavetank_is
  set -l words (commandline -opc)
  if test (count $words) -gt 1; and contains -- $words[2] @COMMANDS@
    test $words[2] = $argv[1]
  else
    test $argv[1] = serve
  end
end

#@COMPLETIONS@

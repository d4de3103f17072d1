# Completions of wavetank for fish.
complete -c wavetank -f

# What may stand behind the words.
function __wavetank_operands
  switch "$argv[1]"
#@OPERANDS@
  end
end

# The flags that the words read.
function __wavetank_flags
  switch "$argv[1]"
#@FLAGS@
  end
end

# What the value of a flag may be; nothing where it takes none.
function __wavetank_values
  switch "$argv[1]"
#@VALUES@
  end
end

# Candidates in the place of marks; the word that is being typed is the second argument.
function __wavetank_offer
  set -l words (commandline -opc)
  set -l server
  set -l tenant
  if set -l place (contains -i -- --url $words)
    set server --url $words[(math $place + 1)]
  end
  if set -l place (contains -i -- --tenant $words)
    set tenant --tenant $words[(math $place + 1)]
  end
  for line in $argv[2..]
    switch "$line"
      case @files
        __fish_complete_path "$argv[1]"
      case @directories
        __fish_complete_directories "$argv[1]"
      case @programs
        __fish_complete_subcommand
      case @tenants
        $words[1] completions --names tenants $server 2>/dev/null
      case @rules
        $words[1] completions --names rules $server $tenant 2>/dev/null
      case @anything ''
      case '*'
        echo $line
    end
  end
end

function __wavetank_complete
  set -l words (commandline -opc)
  set -l word (commandline -ct)
  set -l path
  set -l previous ''
  set -l index 2
  while test $index -le (count $words)
    set -l next $words[$index]
    set index (math $index + 1)
    switch "$next"
      case --
        if contains -- "$path" run sweep record
          complete -C (string join ' ' -- (string escape -- $words[$index..]) "$word")
          return
        end
      case '--*=*'
      case '-*'
        set previous ''
        if test -n "$(__wavetank_values $next | string collect)"
          test $index -le (count $words); or set previous $next
          set index (math $index + 1)
        end
      case '*'
        set -a path $next
    end
  end
  set -l typed (string join ' ' -- $path)
  if test -n "$previous"
    __wavetank_offer "$word" (__wavetank_values $previous)
  else if string match -q -- '-*' "$word"
    test -n "$typed"; or set typed serve
    __wavetank_offer "$word" (__wavetank_flags "$typed")
  else
    __wavetank_offer "$word" (__wavetank_operands "$typed")
  end
end
complete -c wavetank -a '(__wavetank_complete)'

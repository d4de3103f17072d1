# Completions of wavetank for bash.

# What may stand behind the words $1.
__wavetank_operands() {
  case $1 in
#@OPERANDS@
  esac
}

# The flags that the words $1 read.
__wavetank_flags() {
  case $1 in
#@FLAGS@
  esac
}

# What the value of the flag $1 may be; nothing where it takes none.
__wavetank_values() {
  case $1 in
#@VALUES@
  esac
}

# Puts the candidates $1, a line each, into COMPREPLY, as far as they begin with $2.
__wavetank_reply() {
  local line name server=""
  local typed="${COMP_LINE:-${COMP_WORDS[*]}}"
  [[ $typed =~ --url[=\ ]+([^ ]+) ]] && server="--url ${BASH_REMATCH[1]}"
  while IFS= read -r line; do
    case $line in
      @files) COMPREPLY+=($(compgen -f -- "$2")); compopt -o filenames 2>/dev/null; continue ;;
      @directories) COMPREPLY+=($(compgen -d -- "$2")); compopt -o filenames 2>/dev/null; continue ;;
      @programs) COMPREPLY+=($(compgen -c -- "$2")); continue ;;
      @anything | "") continue ;;
      @tenants | @rules)
        [[ $line = @rules && $typed =~ --tenant[=\ ]+([^ ]+) ]] && server+=" --tenant ${BASH_REMATCH[1]}"
        while IFS= read -r name; do
          [[ -n $name && $name = "$2"* ]] && COMPREPLY+=("$(printf %q "$name")")
        done < <("${COMP_WORDS[0]}" completions --names "${line#@}" $server 2>/dev/null)
        continue ;;
    esac
    name=${line%%$'\t'*}
    [[ $name = "$2"* ]] && COMPREPLY+=("$name")
  done <<<"$1"
}

_wavetank() {
  local word=${COMP_WORDS[COMP_CWORD]} previous="" path="" next index=1
  COMPREPLY=()
  while [ "$index" -lt "$COMP_CWORD" ]; do
    next=${COMP_WORDS[index]}
    index=$((index + 1))
    case $next in
      --)
        case $path in run | sweep | record) ;; *) continue ;; esac
        if [ "$index" -eq "$COMP_CWORD" ]; then next=@programs; else next=@files; fi
        __wavetank_reply "$next" "$word"
        return ;;
      -*)
        # Its value is the next word; `=` stands by itself.
        previous=""
        [ -n "$(__wavetank_values "$next")" ] || continue
        [ "${COMP_WORDS[index]}" = = ] && index=$((index + 1))
        [ "$index" -lt "$COMP_CWORD" ] || previous=$next
        index=$((index + 1)) ;;
      *) path="${path:+$path }$next" ;;
    esac
  done
  if [ -n "$previous" ]; then
    [ "$word" = = ] && word=""
    __wavetank_reply "$(__wavetank_values "$previous")" "$word"
    return
  fi
  case $word in
    -*) __wavetank_reply "$(__wavetank_flags "${path:-serve}")" "$word" ;;
    *) __wavetank_reply "$(__wavetank_operands "$path")" "$word" ;;
  esac
}
complete -F _wavetank wavetank

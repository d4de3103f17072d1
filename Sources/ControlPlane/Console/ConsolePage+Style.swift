extension ConsolePage {
  static let style = #"""
    :root {
      --back: #fff; --panel: #f4f7fa; --line: #cfd8e0; --text: #14212b; --quiet: #51626f;
      --accent: #0a5ea3; --on-accent: #fff; --good: #0c6b36; --bad: #b3261e; --warn: #7a4d00;
      --mono: ui-monospace, "SF Mono", Menlo, Consolas, monospace;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --back: #0e151b; --panel: #17222b; --line: #33434f; --text: #e6edf2; --quiet: #9db0bd;
        --accent: #6cb8f5; --on-accent: #06121c; --good: #63d394; --bad: #ff8a80; --warn: #f0b95a;
      }
    }
    * { box-sizing: border-box; }
    body { margin: 0; font: 15px/1.45 system-ui, sans-serif; background: var(--back); color: var(--text); }
    h1 { font-size: 1.15rem; margin: 0; color: var(--accent); white-space: nowrap; }
    h2 { font-size: 1.05rem; margin: 1rem 0 .5rem; }
    h3 { font-size: .95rem; margin: .5rem 0 .3rem; }
    header { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; padding: .6rem 1rem; border-bottom: 1px solid var(--line); }
    .clock { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; margin-left: auto; }
    #now { font-family: var(--mono); font-size: .9rem; }
    nav { border-bottom: 1px solid var(--line); padding: 0 1rem; }
    #tabs { display: flex; overflow-x: auto; gap: .2rem; }
    nav button { border: 0; border-bottom: 3px solid transparent; border-radius: 0; background: none; color: var(--quiet); padding: .6rem .7rem; white-space: nowrap; }
    nav button[aria-selected="true"] { color: var(--text); border-color: var(--accent); font-weight: 600; }
    main { padding: .5rem 1rem 3rem; max-width: 90rem; }
    #main { outline: 0; }
    button, select, input, textarea { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .3rem .55rem; min-height: 2rem; max-width: 100%; }
    label { min-width: 0; max-width: 100%; }
    button { cursor: pointer; }
    button.main { background: var(--accent); color: var(--on-accent); border-color: var(--accent); }
    #factor { width: 5.5rem; }
    textarea { width: 100%; min-height: 14rem; font-family: var(--mono); font-size: .85rem; }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 1px; }
    .skip { position: absolute; left: -99rem; }
    .skip:focus { left: .5rem; top: .5rem; background: var(--back); padding: .5rem; z-index: 9; }
    .row { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: .6rem 0; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; width: 100%; font-size: .9rem; }
    th, td { text-align: left; padding: .3rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top; }
    th { color: var(--quiet); font-weight: 600; white-space: nowrap; }
    td.mono, code, pre { font-family: var(--mono); font-size: .85em; }
    td.target { max-width: 34rem; overflow-wrap: anywhere; }
    td button.link, .link { background: none; border: 0; color: var(--accent); text-decoration: underline; padding: 0; min-height: 0; }
    pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .6rem; overflow: auto; max-height: 60vh; white-space: pre-wrap; overflow-wrap: anywhere; }
    .quiet { color: var(--quiet); }
    .good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
    .cards { display: grid; gap: .8rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); }
    .card { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: .6rem .8rem; min-width: 0; overflow-wrap: anywhere; }
    .tag { display: inline-block; border: 1px solid currentColor; border-radius: 999px; padding: 0 .5rem; font-size: .8rem; margin: 0 .2rem .2rem 0; }
    progress { width: 100%; height: .7rem; accent-color: var(--accent); }
    svg.graph { max-width: 100%; height: auto; display: block; }
    svg.graph text { fill: var(--text); font: 12px system-ui, sans-serif; }
    svg.graph .edge { stroke: var(--quiet); stroke-width: 1.5; fill: none; }
    #notice { margin: .5rem 1rem; padding: .4rem .7rem; border: 1px solid var(--line); border-left: 4px solid var(--accent); border-radius: 4px; }
    dialog { width: min(60rem, 96vw); background: var(--back); color: var(--text); border: 1px solid var(--line); border-radius: 10px; }
    dialog::backdrop { background: #0008; }
    dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem .8rem; margin: .3rem 0; }
    dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
    @media (max-width: 480px) {
      header, nav, main { padding-left: .6rem; padding-right: .6rem; }
      .clock { margin-left: 0; }
      .wide { display: none; }
      td.target { min-width: 9.5rem; }
      .tag { border-radius: 8px; }
    }
    @media (prefers-reduced-motion: no-preference) { tr.new { animation: fresh 1.2s; } }
    @keyframes fresh { from { background: color-mix(in srgb, var(--accent) 25%, transparent); } }
    """#
}

"""The page: the answer of `advise` in a browser, from one file and without installing anything.

`build` puts it together: sentences are the source of `advise`, translated to JavaScript by
`translate`; closed forms are the expressions of the proofs, printed by `formulas`; `answer` and
`pasted` are what the page computes and reads; `runtime.js`, `page.js`, `style.css` and `index.html`
are what it looks like.
"""

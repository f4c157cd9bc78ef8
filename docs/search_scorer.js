// The weights of the search. They are those of Sphinx, but pages that answer a question come before pages that only mention its words.
var Scorer = {
  score: ([docname, , , , score, , kind]) => score + (kind === "title" ? 3 : 0) + (/^(howto\/(?!index)|limits|browser)/.test(docname) ? 6 : 0),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};

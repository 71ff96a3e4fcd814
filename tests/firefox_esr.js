// @ts-check

// For every window Playwright sends a command that Firefox 153 ESR does not know yet: to prefer light or dark pages.
// Its driver loads this file, which turns that one refusal into a success. Once Debian's Firefox knows it, this goes.
const { parse } = JSON;
JSON.parse = (text, reviver) => {
  const answer = parse(text, reviver);
  const refused = answer?.error === "unknown command" && answer.message === "emulation.setMediaFeaturesOverride";
  return refused ? { type: "success", id: answer.id, result: {} } : answer;
};

// Problem documents (RFC 9457) in words: what is wrong with which field, and what stands in the way.

import { current, filled, word, worded } from "./words.js";

// What services say of fields, as people read it; what is not here is shown as it was said.
const FIELDS = [
  [/^(Missing data for required field\.|is missing.*)$/, "要填写"],
  [/^Field may not be (null|blank)\.$/, "要填写"],
  [/^Shorter than minimum length (\d+)\.$/, "至少 $1 个字"],
  [/^Longer than maximum length (\d+)\.$/, "最多 $1 个字"],
  [/^Length must be between (\d+) and (\d+)\.$/, "须为 $1 到 $2 个字"],
  [/^Must be greater than or equal to (\S+?)( and less than or equal to (\S+))?\.$/, "不能小于 $1（上限 $3）"],
  [/^Not a valid (integer|number)\.$/, "须为数字"],
  [/^Not a valid (date|datetime)\.$/, "须为日期"],
  [/^(Must be one of|is none of).*$/, "不在可选范围内"],
  [/^Unknown field\.$/, "不需要此项"],
  [/^is not a valid phone number$/, "电话号码不对"],
  [/^is not a valid resident identity number$/, "身份证号不对"],
  [/^is not that of the person's file$/, "与档案中的身份证号不符"],
  [/^does not belong to this unit today$/, "此人今天不属于该房号"],
  [/^is no time HH:MM$/, "须为 时:分"],
  [/^Is not a meter's reading.*$/, "须为表底数，如 1024.5"],
  [/^is less than (\d+) working days ahead$/, "须至少提前 $1 个工作日"],
  [/^say why there is no signature$/, "没有签名时须写明原因"],
];

export function fieldWords(text) {
  if (current() === "en") return text.charAt(0).toUpperCase() + text.slice(1);
  const [pattern, said] = FIELDS.find(([one]) => one.test(text)) ?? [];
  return pattern ? text.replace(pattern, said).replace("（上限 ）", "") : text;
}

// The end of `urn:steward:problem:…`, and what the document says beside it.
const MORE = {
  "bad-input": ({ errors }) => (errors?.length ? word("problem.bad-input") + errors.map(({ field, message }) => ` ${field}：${fieldWords(message)}`).join("；") : ""),
  "not-permitted": ({ permission }) => filled("problem.not-permitted", { permission: permission ?? "—" }),
  "illegal-transition": ({ waits_for, missing, legal, detail }) => {
    if (waits_for?.length) return filled("problem.waits-for", { names: waits_for.map((name) => word(`step.${name}`)).join("、") });
    if (missing?.length) return filled("problem.missing", { names: missing.map(({ step }) => word(`step.${step}`)).join("、") });
    const can = (legal ?? []).map((name) => worded(`do.${name}`, name)).join("、");
    return current() === "en" ? detail : word("problem.illegal-transition") + (can ? filled("problem.legal", { can }) : "");
  },
};

export function inWords(error) {
  if (!error) return "";
  if (!error.status) return error instanceof TypeError ? word("away") : error.message;
  if (error.status >= 500) return word("away");
  const kind = error.type.split(":").pop(), own = MORE[kind]?.(error.more);
  if (own) return own;
  return worded(`problem.${kind}`) && current() !== "en" ? worded(`problem.${kind}`) : error.message;
}

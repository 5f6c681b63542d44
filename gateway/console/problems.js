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
  [/^is less than (\d+) working days ahead: (\S+) is the first$/, "须至少提前 $1 个工作日，最早 $2"],
  [/^say why there is no signature$/, "没有签名时须写明原因"],
  [/^String does not match expected pattern\.$/, "格式不对"],
  [/^is empty$/, "要填写"],
  [/^is no number plate$/, "不是车牌号"],
  [/^is not that of the holder's file$/, "与持卡人档案中的身份证号不符"],
  [/^is not the (\d+) that the step asks for$/, "与本步骤应收金额不符（应为 $1 分）"],
  [/^is not more than 0$/, "须大于 0"],
  [/^is from (\d+) to (\d+)$/, "须为 $1 到 $2"],
  [/^is yet to come$/, "不能晚于今天"],
  [/^is not after the first day$/, "须晚于起始日"],
  [/^overlaps a tie of the same person in the same role$/, "与此人已有的同类关系重叠"],
  [/^is (owner|resident|tenant|agent) of this unit already$/, "已登记为此房号的同类人员"],
  [/^is not tied to this unit$/, "与此房号没有关系"],
  [/^is not on file$/, "没有建档"],
  [/^is for owners$/, "仅用于业主"],
  [/^is not a fraction such as 1\/3$|^Is not a fraction such as 1\/3\.$/, "须为分数，如 1/3"],
  [/^is not above 0 and at most 1$/, "须大于 0 且不超过 1"],
  [/^makes more than the whole on (\S+)$/, "自 $1 起份额合计超过全部"],
  [/^is not a vehicle of this person$/, "不是此人的车辆"],
  [/^is not a (unit|vacant unit|zone)( of this project)?$/, "本项目没有，或不适用"],
  [/^is withdrawn$/, "已停用"],
  [/^are more than (\d+)$/, "最多 $1 项"],
  [/^Is not from (\d+) to (\d+)\.$/, "年份须为 $1 到 $2"],
  [/^is 2 to 32 of a-z.*$/, "须为 2 到 32 个小写字母、数字、点、横线，以字母或数字开头"],
  [/^is not (\d+) to (\d+) characters long$/, "须为 $1 到 $2 个字符"],
  [/^is not after from$/, "须晚于开始时间"],
  [/^is past$/, "已经过去"],
  [/^is more than (\d+) days after from$/, "不能超过 $1 天"],
  [/^overlaps another absence$/, "与已登记的请假重叠"],
  [/^is not within the next (\d+) days$/, "须在今后 $1 天之内"],
  [/^grants nothing$/, "至少选一个岗位"],
];

export function fieldWords(text) {
  if (current() === "en") return text.charAt(0).toUpperCase() + text.slice(1);
  const [pattern, said] = FIELDS.find(([one]) => one.test(text)) ?? [];
  return pattern ? text.replace(pattern, said).replace("（上限 ）", "") : text;
}

// The end of `urn:steward:problem:…`, and what the document says beside it.
const MORE = {
  "bad-input": ({ errors }) => (errors?.length ? word("problem.bad-input") + errors.map(({ field, message }) => ` ${worded(`field.${field}`, field)}：${fieldWords(message)}`).join("；") : ""),
  "not-permitted": ({ permission }) => filled("problem.not-permitted", { permission: permission ?? "—" }),
  "illegal-transition": ({ waits_for, missing, legal, detail, role }) => {
    if (role) return filled("problem.nobody-left", { role: worded(`role.${role}`, role) });
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

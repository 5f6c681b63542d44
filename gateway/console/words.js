// What people read, zh-CN and en. `word("kind.complaint")` falls back to the last part of its name.

import { APPROVAL_WORDS } from "./words-approvals.js";
import { CLOCK_WORDS } from "./words-clocks.js";
import { RESIDENT_WORDS } from "./words-residents.js";
import { CASE_WORDS } from "./words-cases.js";
import { STAFF_WORDS } from "./words-staff.js";

const WORDS = {
  ...CLOCK_WORDS,
  ...RESIDENT_WORDS,
  ...CASE_WORDS,
  ...APPROVAL_WORDS,
  ...STAFF_WORDS,
  title: ["管家", "Steward"], project: ["项目", "Project"], log_in: ["登录", "Log in"], log_out: ["退出", "Log out"],
  username: ["用户名", "User name"], password: ["密码", "Password"], raise: ["报事", "Raise a ticket"], tickets: ["最近报事", "Latest tickets"],
  no_tickets: ["还没有报事。", "No tickets yet."], kind: ["类别", "Kind"], item: ["部位", "Item"], urgency: ["紧急程度", "Urgency"],
  unit: ["房号", "Unit"], place: ["地点（公共区域）", "Place (public area)"], what: ["内容", "What is the matter"],
  caller_name: ["报事人", "Caller"], caller_phone: ["电话", "Phone"], by_policy: ["按规定", "by policy"], no_unit: ["（公共区域）", "(public area)"],
  order: ["派工单", "Work order"], clocks: ["时限", "Time limits"], messages: ["通知", "Messages"], timeline: ["经过", "Timeline"],
  nothing_yet: ["尚无", "nothing yet"], live: ["实时", "live"], not_live: ["正在重新连接…", "reconnecting…"], missing: ["未答复的服务：", "Did not answer: "],
  left: ["剩余", "left"], over: ["超时", "over"], not_before: ["不早于", "not before"], department: ["部门", "Department"], engineer: ["人员", "Engineer"],
  no_project: ["没有可用的项目。", "No project is granted to you."], wrong_log_in: ["用户名或密码不对。", "Wrong user name or password."],
  log_in_over: ["企业账号：", "Company account:"], wrong_account: ["该账号不能登录本系统，或登录已过期，请重试。", "This account is not known here, or it took too long. Try again."],
  code: ["验证码", "Code"], code_say: ["请输入验证器上的六位数字，或一个恢复码。", "Six digits from your authenticator, or a recovery code."],
  wrong_code: ["验证码不对，或已用过。", "The code is wrong, or was used before."], wrong_password: ["密码不对。", "The password is wrong."],
  factor_on: ["已启用", "On"], factor_off: ["未启用", "Off"], factor_set_up: ["设置", "Set up"],
  factor_by: ["最迟设置时间：", "Must be set up by"], factor_now: ["须先设置才能使用系统。期限：", "Must be set up before anything else. It was due"],
  factor_give_up: ["停用", "Give up"], factor_key: ["密钥", "Key"], factor_open: ["在本机验证器中打开", "Open in an authenticator on this device"],
  factor_key_say: ["用验证器扫描二维码（或输入密钥），再填入它显示的验证码。只显示这一次。", "Scan the picture with your authenticator, or enter the key; then the code that it shows. It is shown this once."],
  factor_qr: ["二维码：验证器的密钥", "QR code of the key"],
  confirm: ["确认", "Confirm"], recovery_left: ["剩余恢复码：", "Recovery codes left:"], recovery_kept: ["已保存", "I have kept them"],
  recovery_say: ["请保存这些恢复码：每个可代替验证码登录一次，只显示这一次。", "Keep these recovery codes: each stands in for a code once. They are shown this once."],
  away: ["服务暂不可用，请稍候。", "The service is away, one moment."],

  "kind.repair_home": ["居家维修", "Home repair"], "kind.repair_paid": ["特约维修", "Paid repair"], "kind.rectification": ["整改", "Rectification"],
  "kind.repair_public": ["公区维修", "Public-area repair"], "kind.complaint": ["投诉", "Complaint"], "kind.dispute": ["邻里纠纷", "Dispute"],
  "kind.enquiry": ["咨询", "Enquiry"], "kind.suggestion": ["建议", "Suggestion"], "kind.praise": ["表扬", "Praise"], "kind.help": ["求助", "Help"],
  "kind.incident": ["突发事件", "Incident"], "kind.fault_notice": ["故障通知单", "Fault notice"],
  "urgency.normal": ["一般", "Normal"], "urgency.urgent": ["急", "Urgent"], "urgency.emergency": ["紧急", "Emergency"],
  "item.water": ["供水", "Water"], "item.power": ["供电", "Power"], "item.gas": ["燃气", "Gas"], "item.lift": ["电梯", "Lift"], "item.fire": ["消防", "Fire"],
  "item.lamp": ["灯具", "Lamp"], "item.tap": ["龙头", "Tap"], "item.drain": ["下水", "Drain"], "item.pipe": ["管道", "Pipe"], "item.wiring": ["线路", "Wiring"],
  "item.lock": ["门锁", "Lock"], "item.furniture": ["家具", "Furniture"], "item.door_window": ["门窗", "Door, window"],
  "item.public_lighting": ["公共照明", "Public lighting"], "item.plaster": ["墙面", "Plaster"], "item.cleaning": ["保洁", "Cleaning"],
  "item.security": ["秩序", "Security"], "item.noise": ["噪音", "Noise"], "item.other": ["其他", "Other"],
  "state.raised": ["已报", "Raised"], "state.accepted": ["已受理", "Accepted"], "state.dispatched": ["已派工", "Dispatched"], "state.taken": ["已接单", "Taken"],
  "state.on_site": ["已到场", "On site"], "state.waiting": ["等待", "Waiting"], "state.done": ["已完工", "Done"], "state.checked": ["已验收", "Checked"],
  "state.called_back": ["已回访", "Called back"], "state.closed": ["已关闭", "Closed"], "state.cancelled": ["已取消", "Cancelled"],
  "state.offered": ["待接单", "Offered"], "state.unfilled": ["无人可派", "Unfilled"], "state.withdrawn": ["已撤回", "Withdrawn"],
  "state.running": ["计时中", "Running"], "state.paused": ["暂停", "Paused"], "state.breached": ["超时", "Breached"], "state.stopped": ["已完成", "Stopped"],
  "state.queued": ["待发", "Queued"], "state.sending": ["发送中", "Sending"], "state.sent": ["已发", "Sent"], "state.delivered": ["已送达", "Delivered"],
  "state.failed": ["失败", "Failed"], "state.doubtful": ["存疑", "Doubtful"], "state.suppressed": ["不发", "Suppressed"], "state.to_post": ["待寄", "To post"],
  "state.open": ["待办", "Open"],
  "do.accept": ["受理", "Accept"], "do.take": ["接单", "Take"], "do.arrive": ["到场", "Arrive"], "do.resume": ["继续", "Resume"], "do.finish": ["完工", "Finish"],
  "do.check": ["验收", "Check"], "do.close": ["关闭", "Close"],
  "department.engineering": ["工程维修", "Engineering"], "department.desk": ["前台", "Desk"], "department.security": ["秩序维护", "Security"],
  "department.cleaning": ["保洁", "Cleaning"], "department.customer_service": ["客服", "Customer service"],
  "department.contractors": ["外包单位", "Contractors"],
  "channel.sms": ["短信", "SMS"], "channel.letter": ["信函", "Letter"], "channel.phone": ["电话", "Phone"],
  "rule.desk-accept": ["前台受理", "Desk accepts"], "rule.complaint-dispatched": ["投诉转部门", "Complaint passed on"],
  "rule.repair-order-taken": ["接单", "Order taken"], "rule.arrival-emergency": ["到场（紧急）", "Arrival, emergency"],
  "rule.arrival-urgent": ["到场（急）", "Arrival, urgent"], "rule.arrival-other": ["到场", "Arrival"], "rule.repair-done-simple": ["完工（一般）", "Repair done, simple"],
  "rule.repair-done-difficult": ["完工（疑难）", "Repair done, difficult"], "rule.lamp-or-pipe-done": ["灯具、管道完工", "Lamp or pipe done"],
  "rule.tap-or-drain-done": ["龙头、下水完工", "Tap or drain done"], "rule.wiring-done": ["线路完工", "Wiring done"],
  "rule.lock-or-furniture-done": ["门锁、家具完工", "Lock or furniture done"], "rule.callback-repair": ["维修回访", "Callback, repair"],
  "rule.callback-complaint": ["投诉回访", "Callback, complaint"], "rule.callback-service": ["服务回访", "Callback, service"],
  "rule.offer-answered": ["派单应答", "Offer answered"], "rule.ticket-acknowledged": ["受理通知", "Acknowledgement"],
  "rule.complaint-acknowledged": ["投诉受理函", "Letter of acknowledgement"], "rule.ticket-coming": ["上门通知", "Somebody is coming"],
  "rule.ticket-done": ["完工通知", "Work done"], "rule.ticket-cancelled": ["取消通知", "Cancelled"], "rule.clock-breached": ["超时任务", "Breach to see to"], "rule.approval-waits": ["待审批", "Approval to decide"],
  "event.tickets.raised": ["报事", "Raised"], "event.tickets.accepted": ["受理", "Accepted"], "event.tickets.dispatched": ["派工", "Dispatched"],
  "event.tickets.taken": ["接单", "Taken"], "event.tickets.arrived": ["到场", "On site"], "event.tickets.waiting": ["等待", "Waiting"],
  "event.tickets.resumed": ["继续", "Resumed"], "event.tickets.done": ["完工", "Done"], "event.tickets.checked": ["验收", "Checked"],
  "event.tickets.called_back": ["回访", "Called back"], "event.tickets.closed": ["关闭", "Closed"], "event.tickets.reopened": ["重开", "Reopened"],
  "event.tickets.cancelled": ["取消", "Cancelled"], "event.dispatch.ordered": ["开派工单", "Order written"], "event.dispatch.offered": ["提供给", "Offered"],
  "event.dispatch.taken": ["接单", "Order taken"], "event.dispatch.refused": ["拒单", "Refused"], "event.dispatch.unfilled": ["无人可派", "Nobody free"],
  "event.dispatch.assigned": ["指派", "Assigned"], "event.dispatch.closed": ["派工单结束", "Order closed"], "event.dispatch.withdrawn": ["派工单撤回", "Order withdrawn"],
  "event.clocks.started": ["时限开始", "Clock started"], "event.clocks.stopped": ["时限达成", "Clock stopped"], "event.clocks.warned": ["时限预警", "Clock warns"],
  "event.clocks.breached": ["时限超时", "Clock breached"], "event.clocks.escalated": ["逐级上报", "Escalated"], "event.clocks.cancelled": ["时限取消", "Clock cancelled"],
  "event.notify.queued": ["通知待发", "Message queued"], "event.notify.sent": ["通知已发", "Message sent"], "event.notify.delivered": ["通知已达", "Message delivered"],
  "event.notify.failed": ["通知失败", "Message failed"], "event.notify.doubtful": ["通知存疑", "Message doubtful"], "event.notify.suppressed": ["通知不发", "Message suppressed"],
  "rule.duty-done": ["经常性工作", "Duty done"], "event.duties.opened": ["工作到期", "Duty opened"], "event.duties.done": ["工作完成", "Duty done"],
  "event.duties.skipped": ["工作略过", "Duty skipped"], "event.duties.reopened": ["工作重开", "Duty reopened"],
};

const LANGUAGES = ["zh-CN", "en"];
let language = LANGUAGES.includes(localStorage.getItem("language")) ? localStorage.getItem("language") : "zh-CN";

export const current = () => language;

export function toggle() {
  language = language === "en" ? "zh-CN" : "en";
  localStorage.setItem("language", language);
}

export function word(name) {
  const found = WORDS[name];
  return found ? found[LANGUAGES.indexOf(language)] : name.slice(name.lastIndexOf(".") + 1).replaceAll(/[_-]/g, " ");
}

// The word itself, or `otherwise`: for names that may be a company's own.
export const worded = (name, otherwise = "") => WORDS[name]?.[LANGUAGES.indexOf(language)] ?? otherwise;

// "of {n}" with {n: 3} becomes "of 3".
export const filled = (name, values) => word(name).replaceAll(/\{(\w+)\}/g, (_, key) => values[key]);

export const names = (group) => Object.keys(WORDS).filter((name) => name.startsWith(`${group}.`)).map((name) => name.slice(group.length + 1));

// A title in the language of the page, from {"zh-CN": …, "en": …}.
export const titled = (title, otherwise = "") => title?.[language] ?? title?.["zh-CN"] ?? title?.en ?? otherwise;

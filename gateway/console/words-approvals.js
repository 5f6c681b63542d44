// Words of approvals, and of full files and erasure that take them, zh-CN and en.

export const APPROVAL_WORDS = {
  "page.approvals": ["审批", "Approvals"], approval: ["审批", "Approval"], "approvals.mine": ["待我审批", "For me to decide"], "approvals.own": ["我申请的", "Asked for by me"], "approvals.all": ["全部", "All"],
  no_approvals: ["没有审批事项。", "There is nothing."], about_what: ["事项", "What"], about: ["对象", "About"], asked_by: ["申请人", "Asked by"], asked_at: ["申请时间", "Asked at"],
  waits_for: ["待审批岗位", "Waits for"], expires_at: ["截止", "Until"], decided_at: ["决定时间", "Decided"], must_agree: ["须同意", "Must agree"], votes: ["意见", "Who said what"], said_in: ["岗位", "Role"],
  on_behalf: ["代 ", "for "], in_role: ["以何岗位", "In which role"], own_role: ["按本人岗位", "my own"],
  "approval.open": ["待审批", "Open"], "approval.granted": ["已同意", "Granted"], "approval.refused": ["已拒绝", "Refused"], "approval.withdrawn": ["已撤回", "Withdrawn"], "approval.expired": ["已过期", "Expired"],
  "do_approval.approve": ["同意", "Agree"], "do_approval.refuse": ["拒绝", "Refuse"], "do_approval.withdraw": ["撤回", "Withdraw"], "vote.yes": ["同意", "Agrees"], "vote.no": ["拒绝", "Refuses"],
  "approval_kind.staff_card": ["员工卡", "Staff card"], "approval_kind.full_file": ["档案全文", "Full file"], "approval_kind.erasure": ["删除个人信息", "Erasure of personal data"],
  full_file: ["档案全文", "Full file"], full_do: ["查看", "Read"], full_say: ["不遮盖任何内容，理由记录在案；无权查看者须先经审批。", "Nothing is masked, and your reason stays on record. Who may not read it by right asks for an approval."],
  full_until: ["可查看至 {until}。", "You may read it until {until}."], full_waits: ["已申请审批，同意后可再次查看。", "An approval is asked for. Once it is granted, look again."],

  erase: ["删除个人信息", "Erase"], erase_do: ["申请", "Ask for it"], erase_say: ["应本人要求。须保留的，下面列明理由与期限；其余经另一人同意后删除，保留部分在理由消失后一并删除，均不能恢复。请写明本人如何证明身份。", "At the person's wish. What must be kept is told, with why and until when; the rest goes once a second person has agreed, and what is kept when nothing keeps it any more. It cannot be brought back. Say how they showed who they are."],
  erasures: ["删除申请", "Wishes to be forgotten"], goes: ["删除项：", "What goes: "], kept: ["保留：", "keeps "], kept_till: ["至 {until}", "until {until}"],
  erase_withdraw: ["撤回删除申请", "Withdraw this wish"], erase_withdraw_say: ["仍保留的内容到期后不再自动删除。", "What is still kept does not go by itself any more."],
  still_kept: ["仍保留：", "Still kept: "], erased_on: ["已于 {when} 全部删除。", "All of it was erased on {when}."],
  "outcome.whole": ["全部", "all of it"], "outcome.partial": ["部分", "some of it"], "outcome.refused": ["均须保留", "all must be kept"],
  "erasure.asked": ["待审批", "Waits for approval"], "erasure.agreed": ["删除中", "Being erased"], "erasure.kept": ["依法留存", "Kept as the law requires"], "erasure.done": ["已删除", "Erased"], "erasure.refused": ["不予删除", "Refused"], "erasure.declined": ["审批未通过", "Not agreed to"], "erasure.withdrawn": ["已撤回", "Withdrawn"], "erasure.expired": ["已过期", "Expired"],
  "part.name": ["姓名", "name"], "part.phone": ["在用电话", "phone in use"], "part.other_phones": ["其他电话", "other phones"], "part.id_number": ["身份证号", "ID number"], "part.emergency": ["紧急联系人", "emergency contacts"], "part.wishes": ["接收偏好", "wishes"], "part.care": ["关爱户", "care"],
  "part.earlier": ["曾用姓名电话的校验值", "hashes of former names and phones"], "part.vehicles": ["车牌", "plates"], "part.signatures": ["手续签名", "signatures"], "part.copies": ["报事、通知中的信息", "copies in tickets and messages"],
};

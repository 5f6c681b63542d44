// Words of approvals and of full files, zh-CN and en.

export const APPROVAL_WORDS = {
  "page.approvals": ["审批", "Approvals"], approval: ["审批", "Approval"], "approvals.mine": ["待我审批", "For me to decide"], "approvals.own": ["我申请的", "Asked for by me"], "approvals.all": ["全部", "All"],
  no_approvals: ["没有审批事项。", "There is nothing."], about_what: ["事项", "What"], about: ["对象", "About"], asked_by: ["申请人", "Asked by"], asked_at: ["申请时间", "Asked at"],
  waits_for: ["待审批岗位", "Waits for"], expires_at: ["截止", "Until"], decided_at: ["决定时间", "Decided"], must_agree: ["须同意", "Must agree"], votes: ["意见", "Who said what"], said_in: ["岗位", "Role"],
  on_behalf: ["代 {who}", "for {who}"], in_role: ["以何岗位", "In which role"], own_role: ["按本人岗位", "my own"],
  "approval.open": ["待审批", "Open"], "approval.granted": ["已同意", "Granted"], "approval.refused": ["已拒绝", "Refused"], "approval.withdrawn": ["已撤回", "Withdrawn"], "approval.expired": ["已过期", "Expired"],
  "do_approval.approve": ["同意", "Agree"], "do_approval.refuse": ["拒绝", "Refuse"], "do_approval.withdraw": ["撤回", "Withdraw"], "vote.yes": ["同意", "Agrees"], "vote.no": ["拒绝", "Refuses"],
  "approval_kind.staff_card": ["员工卡", "Staff card"], "approval_kind.full_file": ["档案全文", "Full file"],
  full_file: ["档案全文", "Full file"], full_do: ["查看", "Read"], full_say: ["不遮盖任何内容，理由记录在案；无权查看者须先经审批。", "Nothing is masked, and your reason stays on record. Who may not read it by right asks for an approval."],
  full_until: ["可查看至 {until}。", "You may read it until {until}."], full_waits: ["已申请审批，同意后可再次查看。", "An approval is asked for. Once it is granted, look again."],
};

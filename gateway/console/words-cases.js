// Words of cases, cards, and of what is done with tickets and orders, zh-CN and en.

export const CASE_WORDS = {
  case: ["业务", "Case"], cases: ["办理事项", "All cases"], cards: ["业户卡", "Cards"], open_case: ["办理业务", "Open a case"], case_state: ["状态", "State"], steps_done: ["进度", "Progress"], from_day: ["生效日", "From"], until_day: ["终止日", "Until"],
  "any.case-kind": ["全部业务", "All kinds"], "any.case-state": ["全部状态", "All states"], go_on: ["继续", "Go on"], no_such_unit: ["没有这个房号。", "There is no such unit."],
  "case.handover": ["交房", "Handover"], "case.transfer": ["过户", "Change of owner"], "case.tenant_in": ["租户入住", "Tenant moves in"], "case.move_out": ["退租、搬出", "Move-out"], "case.parking": ["车位租赁", "Parking lease"],
  "case.open": ["办理中", "Open"], "case.complete": ["已办结", "Complete"], "case.cancelled": ["已取消", "Given up"], "case_reason.withdrawn": ["住户撤回", "Withdrawn"], "case_reason.mistake": ["误开", "By mistake"], "case_reason.other": ["其他", "Other"],
  share_of: ["份额", "Share"], share_say: ["如 1/2", "such as 1/2"], moving_in: ["入住", "Moving in"], leaving: ["迁出者", "Who leaves"], who_comes: ["办理人", "Who it is for"], comes: ["到场", "Who comes"], "comes.self": ["本人", "In person"], "comes.agent": ["代理人", "An agent"], agent: ["代理人", "Agent"],
  "pick.person": ["姓名、拼音或电话", "Name, pinyin or phone"], "pick.vehicle": ["车牌", "Number plate"], "pick.none": ["没有找到。", "Nothing found."], new_person: ["新建住户", "New person"], file_person: ["建档", "File"],
  owing: ["欠费", "Unpaid"], opened: ["开始", "Opened"], ended: ["结束", "Ended"], struck: ["已作废", "Struck"], strike: ["作废", "Strike"], record: ["登记", "Record"], lacks: ["（缺）", "(lacking)"], still_lacks: ["还缺：", "Still to be done:"], lacks_nothing: ["手续齐全，可以办结。", "Nothing is missing."],
  after: ["须先：", "after"], may_lack: ["可缺", "may be left out"], months_of_fees: ["个月物业费", "months of fees"], "stands.done": ["已完成", "Done"], "stands.ready": ["可办理", "Can be done"], "stands.waits": ["等待", "Waits"],
  "do.complete_case": ["办结", "Complete"], "do.cancel_case": ["取消业务", "Give up"], signature: ["签名", "Signature"], signature_say: ["签名人，或签名存放处", "whose, or where it is kept"], signed: ["已签名", "signed"], receipt: ["收据号", "Receipt"], amount: ["金额（元）", "Amount (yuan)"],
  papers: ["已查验", "Seen"], id_shown: ["出示的身份证号", "Number of the ID shown"], still_owing: ["尚欠（元）", "Still unpaid (yuan)"], opinion: ["工程意见", "Opinion"], accepted: ["验收通过", "Accepted"], accepted_yes: ["验收通过", "accepted"], accepted_no: ["未通过", "not accepted"],
  defects: ["遗留问题", "Defects"], defects_say: ["每行一项，各成一张报事单", "one a line; each becomes a ticket"], outcome: ["结果", "Outcome"], "outcome.restored": ["已恢复原状", "Restored"], "outcome.damages_paid": ["已赔偿", "Damages paid"], number: ["编号", "Number"], note: ["备注", "Note"],
  "step.identity": ["核对身份", "Identity"], "step.papers": ["查验资料", "Papers"], "step.prepayment": ["预交物业费", "Prepayment"], "step.agreements": ["签署协议", "Agreements"], "step.meters": ["抄表", "Meters"], "step.inspection": ["验房", "Inspection"],
  "step.keys": ["发放钥匙", "Keys"], "step.settlement": ["费用结清", "Settlement"], "step.exit_pass": ["放行条", "Exit pass"],

  "card.requested": ["待批准", "Asked for"], "card.approved": ["已批准", "Agreed to"], "card.refused": ["未批准", "Not agreed to"], "card.in_use": ["使用中", "In use"], "card.blocked": ["已挂失", "Blocked"], "card.returned": ["已退回", "Returned"], issue_card: ["发卡", "Issue a card"], printed: ["卡号", "Number"], charge: ["费用", "Charge"], staff_card: ["员工卡", "Staff card"],
  "do_card.lose": ["挂失", "Report loss"], "do_card.return": ["退卡", "Return"], "do_card.hand-out": ["发出", "Hand out"], lose_say: ["挂失后立即失效，不能恢复。", "It opens nothing from this moment on; that cannot be taken back."], find_them: ["查询", "Look"],

  "do.wait": ["等待", "Wait"], "do.reopen": ["重开", "Reopen"], "do.call-back": ["回访", "Call back"], "do.cancel": ["取消", "Cancel"], "do.refuse": ["拒单", "Refuse"], "do.assign": ["指派", "Assign"], "do.materials": ["登记材料", "Materials"],
  "ask.satisfaction": ["满意度", "Satisfaction"], "ask.solved": ["是否解决", "Solved"], "ask.reason": ["原因", "Reason"], "ask.reason_code": ["原因", "Reason"], "ask.kind": ["类别", "Kind"],
  "satisfaction.satisfied": ["满意", "Satisfied"], "satisfaction.neutral": ["一般", "Neutral"], "satisfaction.dissatisfied": ["不满意", "Dissatisfied"], "solved.yes": ["已解决", "Yes"], "solved.no": ["未解决", "No"], at_door: ["上门回访", "At the door"],
  remark: ["意见", "Remark"], next_at: ["下次时间", "Goes on at"], engineer_code: ["人员编号", "Code of the crew"], material: ["名称", "What"], quantity: ["数量", "Quantity"], price_each: ["单价（元）", "Price of one (yuan)"], "line.material": ["材料", "Material"], "line.labour": ["人工", "Labour"],
  "wait.parts": ["缺材料", "Parts"], "wait.resident_away": ["住户不在", "Resident away"], "wait.third_party": ["第三方", "Third party"], "wait.other": ["其他", "Other"],
  "reopen.unsolved": ["未解决", "Unsolved"], "reopen.faulty_again": ["再次损坏", "Faulty again"], "reopen.incomplete": ["未做完", "Incomplete"], "reopen.other": ["其他", "Other"],
  "cancel.withdrawn": ["住户撤回", "Withdrawn"], "cancel.duplicate": ["重复", "Duplicate"], "cancel.mistake": ["误报", "Mistake"], "cancel.outside_duty": ["不属职责", "Outside our duty"], "cancel.other": ["其他", "Other"],
  "refuse.busy": ["正忙", "Busy"], "refuse.off_duty": ["不当班", "Off duty"], "refuse.not_able": ["不会做", "Not able"], "refuse.too_far": ["太远", "Too far"], "refuse.other": ["其他", "Other"],
  "unsent.opted_out": ["住户只收必要通知", "wants the essential only"], "unsent.own_quiet_hours": ["住户免打扰时段", "their own quiet hours"], "unsent.no_contact": ["没有联系方式", "no way to reach them"], "unsent.no_phone": ["没有电话", "no phone"], "unsent.no_unit": ["没有房号", "no unit"], "unsent.too_late": ["已过时", "too late"],
};

// A step of several members: each operation is called once for all of them (a), and computes for each (w).
export function compute(data, [members, share]) {
  const a = share / 100, w = 1 - a, together = a + members * w;
  return {
    members, share, together, apart: members, ratio: together / members, least: w,
    x: data.members.map((k) => Math.round(Math.log2(k))), curve: data.members.map((k) => a / k + w),
    ends: [0, data.members.length - 1], floor: [w, w], at: Math.round(Math.log2(members)),
  };
}

/** @param {number[]} numbers */
export const inOrder = (numbers) => numbers.toSorted((one, other) => one - other);

/** @param {number[]} numbers */
export const median = (numbers) => inOrder(numbers)[Math.floor(numbers.length / 2)] ?? NaN;

// Why a test does not pass, in one sentence for the page; without one here a test that fails makes the run fail.

export const remarks: Readonly<Record<string, string>> = {};

export async function writeFolders(folder: string): Promise<void> { console.log(folder); }

/** The part of the phrase book about what the system says of files: the texts of `system-text.ts`. */
export const systemPhrases: Readonly<Record<string, string>> = {
  "there is no such file or folder": "没有这个文件或文件夹",
  "there is no permission for it": "没有权限",
  "the system does not permit it": "系统不允许",
  "this is a folder, not a file": "这是文件夹，不是文件",
  "a file stands where a folder is needed": "需要文件夹的位置上是一个文件",
  "something else is there already": "那里已有其他内容",
  "the disk is full": "磁盘已满",
  "the disk quota is used up": "磁盘配额已用完",
  "the disk can only be read": "磁盘是只读的",
  "the name is too long": "名称过长",
  "its links lead round in a circle": "链接形成循环",
  "too many files are open": "打开的文件过多",
  "another program is using it": "正被其他程序使用",
  "the disk or the device fails": "磁盘或设备出错",
  "there is no such device": "没有这个设备",
};
